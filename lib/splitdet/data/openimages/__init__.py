"""Pictures and boxes of chosen classes from the Open Images dataset."""

"""What is seen becomes an event by rules, and is told to a log, a webhook or an MQTT broker."""

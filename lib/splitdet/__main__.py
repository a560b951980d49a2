"""`python -m splitdet`."""

from splitdet.entry import command

if __name__ == "__main__":
    command()

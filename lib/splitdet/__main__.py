"""`python -m splitdet`."""

from splitdet.cli.main import main

if __name__ == "__main__":
    main()

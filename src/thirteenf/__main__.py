"""`python -m thirteenf` is `thirteenf`."""

from thirteenf.cli import main

if __name__ == "__main__":
    main()

"""``python -m luokuan``."""

from luokuan.cli.main import run

if __name__ == "__main__":
    run()

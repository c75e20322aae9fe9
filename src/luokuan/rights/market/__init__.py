"""The market: works are published with terms and a price, bought, paid for, licensed and delivered."""

"""What projects cost and earn, what may go wrong, and what watches over it. Decision support, not advice."""

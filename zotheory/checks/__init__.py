"""How a statement is checked: exact algebra, rigorous arithmetic, or statistics with error rates."""

"""Results for readers: a table for the terminal, JSON, Markdown and LaTeX; one format a file."""

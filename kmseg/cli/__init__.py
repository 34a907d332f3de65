"""The command line: Hydra composes the config, and errors become sentences. Only this folder imports Hydra."""

"""Jobs that run by themselves: when, as what process, how often anew, and what became of them.

`APScheduler` keeps the time and the runs that were missed; each run is a fresh process of kmseg's own command.
"""

"""Scheduled jobs: times, processes, retries and history.

APScheduler stores the next times and detects missed runs; each run is a new process of the kmseg command.
"""

"""What watches from outside, made from the definitions of the metrics: Prometheus' rules, Grafana's dashboards.

``python -m daemon.telemetry.observe DIR`` writes the files; they lie in ``systemd/observe``, and a test says whether
they are what would be written. ``expressions`` first: a query can only name metrics and labels that there are.
"""

"""The embedded service: the Qiskit Runtime REST API on loopback, jobs run on Aer.

`python -m ibmqbatch.local` starts it. The server process never imports Qiskit or NumPy: circuits go
to worker processes as they are, and results come back as bytes. No other room imports this one; it
is reached over HTTP.

    server      one process a data folder: lock, socket, service file, idle exit
    http        limits, refusals, checked requests, access tokens, who is let in
    api         the REST API: backends, jobs, sessions; `account` usage, workloads, analytics
    identity    IAM tokens, discovery of instances, the tool's own endpoints
    submission  validation of request bodies
    store       jobs in SQLite; `sessions` those; `database` connection, tables, migrations
    pool        the slots that run jobs, and their limits; `process` one worker process
    worker      the program of a worker: circuits in, results out
    backends    the table of backends; `snapshots` the data of rehearsed devices
"""

"""The embedded service: the Qiskit Runtime REST API on loopback, jobs run on Aer.

`python -m ibmqbatch.local` starts it. The process that serves never imports Qiskit or NumPy:
circuits go unread to worker processes and results come back as bytes. Nothing else of the package
imports this room; it is reached over HTTP.

    server    one process a data folder: lock, socket, service file, idle exit; `recipe` what it
              prints for other programs
    api       the REST API: jobs and backends; in `session_api` sessions, in `account_api` what an
              account has and used: `workloads` and `analytics`
    identity  what stands around the API
    auth      API key, access tokens, instance names (CRN)
    submission  what the bodies of requests may say
    store     jobs in SQLite, `sessions` theirs; `database` the connection, `schema` its migrations
    pool      the slots that run jobs; `process` one worker, `budget` the memory they share,
              `allowance` the processor time that a job has
    worker    the program of a worker: circuits in, results out
    backends  the table of backends; `devices` the data that rehearsals of devices are made from
"""

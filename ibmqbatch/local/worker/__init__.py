"""The program of a worker: takes circuits from the server, runs them on Aer, gives results back.

It imports nothing of the packages around it, so that any interpreter with Qiskit and Aer can run
it by its path, `python <this folder> <pid of the server>`: Qiskit Terra 0.46 with Aer 0.14 as well
as Qiskit 2 with Aer 0.18.

    __main__     gives the folder a name of its own, then `serving`
    serving      the life of the process, and the protocol on stdin and stdout
    installed    whether there is a Qiskit to run circuits with
    pubs         a job's circuits with their parameter sets and shots; `loading` reads a circuit,
                 `values` its parameters, `anatomy` looks into it, `expressions` into its conditions
    backends     how a circuit is run on the ideal simulator or on the rehearsal of a device
    devices      a device from its JSON, and its instruction set; `noise` its noise
    allowance    the processor time that a job may take
    simulation   the warm simulators, seeds, and counts as bits
    forms        the results as the API has them
    errors       what fails a job
"""

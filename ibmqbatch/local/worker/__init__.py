"""The program of a worker: takes jobs from the server, runs them on Aer, sends results back.

It imports nothing of the packages around it, so that any interpreter with Qiskit and Aer can run
it by its path, `python <this folder> <pid of the server>`: Qiskit Terra 0.46 with Aer 0.14 as well
as Qiskit 2 with Aer 0.18.

    __main__      loads the folder as a package, then `serving`
    serving       the life of the process, its limits, the protocol on stdin and stdout
    sampler       the program `sampler`: pubs in, results out
    decoding      circuits and parameter values as they are sent
    backends      how a circuit is run: ideally, with the noise of a device, or not at all
    wide          circuits that no state vector can hold
    devices       a device and its instruction set; `noise` its noise
    control_flow  control flow and classical expressions as Aer's jumps; `traversal` walks circuits
    simulation    the warm simulators, seeds, and outcomes as bits
    errors        what fails a job
"""

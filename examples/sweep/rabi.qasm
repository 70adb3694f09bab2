// A Rabi experiment: the angle of the drive is swept, the excited state is counted.
OPENQASM 3.0;
include "stdgates.inc";

input angle theta;

qubit drive;
bit excited;

rx(theta) drive;
excited = measure drive;

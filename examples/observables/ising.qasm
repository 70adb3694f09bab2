// A chain of three spins, turned towards the field that is across it.
OPENQASM 3.0;
include "stdgates.inc";

qubit[3] spin;

ry(pi/4) spin[0];
ry(pi/4) spin[1];
ry(pi/4) spin[2];
cz spin[0], spin[1];
cz spin[1], spin[2];
ry(-pi/8) spin[0];
ry(-pi/8) spin[2];

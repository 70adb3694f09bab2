// The state of the first qubit, cos(0.6)|0> + sin(0.6)|1>, arrives at the third: two measurements
// on the way, and two corrections that depend on them.
OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg a[1];
creg b[1];
creg out[1];
ry(1.2) q[0];
h q[1];
cx q[1], q[2];
cx q[0], q[1];
h q[0];
measure q[0] -> a[0];
measure q[1] -> b[0];
if (b == 1) x q[2];
if (a == 1) z q[2];
measure q[2] -> out[0];

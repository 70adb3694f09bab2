"""Circuits with pulses of their own for `x`, as QPY of Terra, which Qiskit 2 cannot make any more.

Each is one qubit, `x`, and a measurement; the pulse is that of samples, or of a formula.
"""

from __future__ import annotations

import base64
import zlib

__all__ = ["FORMULA", "SAMPLES"]

SAMPLES = zlib.decompress(
    base64.b85decode(
        b"c$^FL4EFX6;bPEZW`F?3f<gw?GzJb36N*8A35vn&!qUvt5-5kEy0#Fakdd(vCYB5nNoGI?tT1~pWFR2IJ+UMeVh}"
        b"r$Qf$h7Qxl6ziy(@Vp(;U;p|}FB2H}3jr0Uunm~a71xE!i%lJT|uQ-O2?<7B^3-+)L)hBAg~^_0}&<RWz|1$CQbL"
        b"o;<91@*N2qLQM-y!ia0lvI#}TVhUeDp0&QBe5VA$k#A5)6vvXs8t{vaQ#{N@se*+fIZBqBaL4LW5CjmP)a70#ety"
        b")4*nwnm>2-gD2ZP"
    )
)
FORMULA = zlib.decompress(
    base64.b85decode(
        b"c$^FL4EFX6;bPEZW`F?3f<gw?GzJb36N*8A35vn&!qUvt5-5kEy0#Fakdd(vCYB5nNoGI?tT1~pWFR2IJ+UMeVh}"
        b"r$Qf$h7Qxl6ziy(@Vp(;U;p|}FB2H}3jr0Uunm~a71xEQLei9r<T=ZOr)3=WLJ$%#3MNja&(mAOgzIhn};r8&i^?"
        b"un(v#hHnD6>~o8p1sJi?u_rL^A`jB&*%nRzY@rCLjQV!kLSe?XS6+i{dF%Huyp-ontJfZE``P`T}-?@2NxWfbmq^"
        b"VBQm_svaHH0JPi(a8(%IKc06{tR3cL;lFf)a*4iiAD^oDSEmqibx1teyh6sm(B;T|)Nt+k3e$wF&O}SSKCpM|Rs<"
        b"_(`Fk{B_d6QT1O=4px;@S{bF^5}E^OTR?M^9ZnzLOqjF2fyh0q8KOJN3``oc9g6euaf0{3hQzpdVn03w*S$p?c;@"
        b"V8Q8={yG-}%&!;+To2UH@bW#UbMDOf&8DW;fcn|q2}VN$kC}lrlYyf+Gd(vEDx$%_3`{zSxdrwCNxqjpuKWX5k(i"
        b"gBlL`y@OeoC(r59AeWMFAUC<R>&16&Op{6_*XF#rrwt(X"
    )
)

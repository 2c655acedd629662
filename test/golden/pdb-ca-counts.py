"""C-alpha counts of PDB files, counted by Biopython (1.88), as an oracle for src/data/pdb.ts.

    python -m venv VENV && VENV/bin/pip install biopython==1.88
    VENV/bin/python test/golden/pdb-ca-counts.py ../shared/data/pdb > test/golden/pdb-ca-counts.json

Counts, for every 20th file and for those with something out of the ordinary, residues of the first model with a CA atom
that is not calcium, leaving out HETATM residues (none of the docking benchmark's HETATM residues is part of a chain).
"""

import gzip
import json
import pathlib
import sys
import warnings

from Bio.PDB import PDBParser

warnings.simplefilter("ignore")
UNUSUAL = ["1FC2_l_u", "1VFB_l_u", "2PCC_r_u", "2VXT_r_u", "2YVJ_l_u", "3MXW_r_u", "4FQI_l_u", "4GXU_r_u", "4M76_l_u"]

folder = pathlib.Path(sys.argv[1])
names = sorted(path.name.removesuffix(".pdb.gz") for path in folder.glob("*.pdb.gz"))
counts = {}
for name in sorted({*names[::20], *UNUSUAL}):
    with gzip.open(folder / f"{name}.pdb.gz", "rt") as text:
        model = PDBParser(QUIET=True).get_structure(name, text)[0]
    counts[name] = sum(1 for r in model.get_residues() if "CA" in r and r.id[0] == " ")
print(json.dumps(counts, indent=2))

"""make_token.py KEYS ISSUER: writes a key set to the file KEYS and prints a token of the issuer, valid for a day."""

import json
import pathlib
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

keys, issuer = sys.argv[1:]
private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
public.update(kid="tests", alg="RS256", use="sig")
pathlib.Path(keys).write_text(json.dumps({"keys": [public]}))
claims = {"iss": issuer, "sub": "tests", "email": "tests@hyperfleet.local", "exp": int(time.time()) + 86400}
print(jwt.encode(claims, private, algorithm="RS256", headers={"kid": "tests"}))

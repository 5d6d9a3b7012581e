"""Passwords are stored so that they can be compared, and read by nobody."""

import base64
import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.auth.passwords import SALT_BYTES, UNMATCHABLE, hash_password, verify_password

SALT = b"s" * SALT_BYTES
GOOD = hash_password("right", SALT)


class PasswordTests(SynchronousTestCase):
    def test_what_is_stored_says_how_it_was_made(self):
        kind, n, r, p, salt, digest = GOOD.split("$")
        self.assertEqual(("scrypt", "16384", "8", "1"), (kind, n, r, p))
        expected = hashlib.scrypt(
            b"right", salt=base64.b64decode(salt), n=int(n), r=8, p=1, dklen=32
        )
        self.assertEqual(expected, base64.b64decode(digest))
        self.assertNotIn("right", GOOD)

    def test_only_the_right_password_matches(self):
        self.assertTrue(verify_password("right", GOOD))
        for wrong in ("", "Right", "right ", "righ", "wrong", None, 5, b"right"):
            self.assertFalse(verify_password(wrong, GOOD), wrong)

    def test_two_of_one_password_differ_by_their_salt(self):
        self.assertNotEqual(GOOD, hash_password("right", b"t" * SALT_BYTES))

    def test_passwords_of_older_parameters_go_on_to_match(self):
        digest = hashlib.scrypt(b"right", salt=SALT, n=2**10, r=4, p=2, dklen=32)
        stored = "scrypt$1024$4$2$" + "$".join(base64.b64encode(x).decode() for x in (SALT, digest))
        self.assertTrue(verify_password("right", stored))
        self.assertFalse(verify_password("wrong", stored))

    def test_no_password_matches_the_one_that_nobody_has(self):
        self.assertEqual(GOOD.split("$")[:4], UNMATCHABLE.split("$")[:4])
        for password in ("", "right", "\0" * 32):
            self.assertFalse(verify_password(password, UNMATCHABLE))

    def test_what_was_stored_wrongly_matches_nothing(self):
        for old, new in (
            ("16384", "-16384"), ("16384", "0"), ("16384", "16383"), ("16384", "1e4"),
            ("16384", "9" * 5000), ("16384", str(2**20)), ("$8$", "$-8$"), ("$8$", "$0$"),
            ("$8$", "$" + "9" * 30 + "$"), ("$8$1$", "$8$-1$"), ("$8$1$", "$8$0$"),
            ("$8$1$", "$8$17$"), ("scrypt", "SCRYPT"), ("==", ""), ("$", "€"), ("$", ""),
        ):  # fmt: skip
            self.assertNotEqual(GOOD, GOOD.replace(old, new))
            self.assertFalse(verify_password("right", GOOD.replace(old, new)), (old, new))
        for wrong in (None, 5, b"x", [], "", "$" * 5, GOOD + "$", GOOD[:-4]):
            self.assertFalse(verify_password("right", wrong))

    @settings(max_examples=200, deadline=None)
    @given(
        st.text() | st.lists(st.text("scrypt0123456789-=€", max_size=4), max_size=8).map("$".join)
    )
    def test_any_text_in_the_store_matches_or_not(self, stored):
        self.assertFalse(verify_password("right", stored))

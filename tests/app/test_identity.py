from __future__ import annotations

import asyncio

from app.identity import Passwords


async def test_a_flood_of_sign_ins_leaves_threads_for_everybody_else() -> None:
    passwords = Passwords()
    flood = [asyncio.create_task(passwords.matches("secret", None)) for _ in range(40)]
    await asyncio.sleep(0)
    await asyncio.to_thread(lambda: None)
    ended = sum(check.done() for check in flood)
    for check in flood:
        check.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
    assert ended < 4


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    stored = await passwords.hash("walk-the-ridge")
    assert await passwords.matches("walk-the-ridge", stored)
    assert not await passwords.matches("light-the-stove", stored)
    assert not await passwords.matches("walk-the-ridge", None)

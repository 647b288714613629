print("jointcloud")

print("secbench")

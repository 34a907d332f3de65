from kmseg.cli.main import main

if __name__ == "__main__":  # workers of a cluster import this file
    main()

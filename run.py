from kmseg.app import main

main()

"""The page `report.html`: where each class is most visible, the pictures embedded in it, and the page itself."""

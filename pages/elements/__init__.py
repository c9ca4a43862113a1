"""Elements of a page with JavaScript of their own, one module for each folder of assets/, and the lessons."""

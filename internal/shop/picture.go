package shop

const picturePath = "/demo/products/"

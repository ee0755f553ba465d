public import HTTPServer
public import MaskFormats

// Arrays are decoded where the body lies.
extension Body: ByteSource {}

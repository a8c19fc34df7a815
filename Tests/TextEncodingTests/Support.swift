import Foundation
import TextEncoding

/// What a buffer holds after `write`, as text.
func text(_ write: (inout OutputBuffer) -> Void) -> String {
    var buffer = OutputBuffer()
    write(&buffer)
    return String(decoding: buffer.copyToArray(), as: UTF8.self)
}

/// Some bytes as the text of a JSON string, quotes included.
func jsonString(_ bytes: [UInt8]) -> String {
    var writer = JSONWriter()
    unsafe writer.string(bytes.span.bytes)
    return String(decoding: writer.output.copyToArray(), as: UTF8.self)
}

/// What Foundation reads from a JSON text.
func parsed(_ json: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
}

/// Bytes from hexadecimal digits; spaces are for the reader.
func hex(_ digits: String) -> [UInt8] {
    let digits = digits.filter { $0 != " " }.map { UInt8($0.hexDigitValue ?? 0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

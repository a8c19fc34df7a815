// Turns a BPF object file into Swift source that holds it as base64 text: a string literal of
// 300 KB compiles in 0.3 s, an array literal of 20 KB takes two.
//
// usage: bpf-embed OBJECT SWIFT-FILE SYMBOL
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
    FileHandle.standardError.write(Data("usage: bpf-embed OBJECT SWIFT-FILE SYMBOL\n".utf8))
    exit(2)
}
let object = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
let source = """
    extension BPFObjects {
        /// \(object.count) bytes.
        public static let \(arguments[3]) = BPFObject(
            name: "\(arguments[3])",
            base64: "\(object.base64EncodedString())")
    }

    """
try source.write(to: URL(fileURLWithPath: arguments[2]), atomically: true, encoding: .utf8)

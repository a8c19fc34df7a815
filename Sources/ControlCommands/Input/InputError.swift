import Foundation

/// Something that could not be read or reached; the text says what to do.
package struct InputError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// An error of the system on a file.
    init(_ operation: String, _ path: String, errno code: Int32) {
        var text = "cannot \(operation) \(path): \(Self.text(of: code))"
        switch code {
        case EACCES, EPERM: text += "; run secctl as root or as a member of the file's group"
        case ENOENT: text += "; give the path of a log (secd's default is /var/log/secd/events.json)"
        default: break
        }
        self.init(text)
    }

    static func text(of code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }
}

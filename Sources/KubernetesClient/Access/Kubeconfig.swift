import FoundationEssentials
import LinuxSystem
package import YAMLReader

/// Reads a kubeconfig: the file by which kubectl finds its clusters.
package enum Kubeconfig {
    /// Bytes; certificates stand in it.
    private static let longest = 4 << 20

    /// The access of the current context.
    /// - Parameter path: of the file; relative paths in it start from its folder.
    /// - Throws: `APIFailure.credentials` with all that is wrong, each with line and column.
    package static func read(_ path: String) throws(APIFailure) -> ClusterAccess {
        guard let bytes = BoundedFile.read(path, limit: longest) else {
            throw .credentials("\(path) is no readable file of at most \(longest >> 20) MiB")
        }
        let collector = DiagnosticCollector(SourceText(file: path, bytes: bytes))
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let access = read(collector, folder: folder)
        guard let access, !collector.hasErrors else { throw .credentials(collector.rendered()) }
        return access
    }

    /// The same of a text that was read already; what is wrong is in `collector`.
    /// - Parameter folder: where relative paths start.
    package static func read(_ collector: DiagnosticCollector, folder: String) -> ClusterAccess? {
        let limits = YAMLLimits(bytes: longest, depth: 32, nodes: 20_000)
        guard let documents = YAMLReader.documents(collector, limits: limits) else { return nil }
        guard documents.count == 1, let document = documents.first else {
            let top = YAMLNode.Range(start: SourcePosition(line: 1, column: 1), length: 1)
            collector.report("expected one document, found \(documents.count)", at: top)
            return nil
        }
        let file = NodeCursor(document, collector)
        guard let current = file.required("current-context"), let name = current.string(),
            let context = entry(of: "contexts", name, in: file, wanted: current)?.required("context"),
            let clusterName = context.required("cluster"), let cluster = clusterName.string(),
            let body = entry(of: "clusters", cluster, in: file, wanted: clusterName)?.required("cluster"),
            var access = access(body, folder)
        else { return nil }
        if let userName = context.optional("user"), let user = userName.string(), !user.isEmpty,
            let entry = entry(of: "users", user, in: file, wanted: userName)
        {
            guard let body = entry.optional("user") else { return access }
            take(body, folder, &access)
        }
        return access
    }

    /// The element of a list of named ones.
    private static func entry(
        of list: String, _ name: String, in file: NodeCursor, wanted: NodeCursor
    ) -> NodeCursor? {
        let entries = file.required(list)?.each() ?? []
        for one in entries where one.optional("name")?.string() == name { return one }
        wanted.report("no element of \"\(list)\" has the name \"\(name)\"")
        return nil
    }

    private static func access(_ cluster: NodeCursor, _ folder: String) -> ClusterAccess? {
        guard let url = cluster.required("server"), let text = url.string() else { return nil }
        guard let server = ServerAddress(text) else {
            url.report("expected https://HOST:PORT, found \"\(text.prefix(80))\"")
            return nil
        }
        var access = ClusterAccess(server: server)
        access.authority = secret("certificate-authority", of: cluster, folder)
        access.serverName = cluster.optional("tls-server-name")?.string() ?? ""
        if let skip = cluster.optional("insecure-skip-tls-verify"), skip.bool() == true {
            skip.report(
                "a server that nobody vouches for is not believed",
                hint: "name its authority in certificate-authority")
        }
        if let proxy = cluster.optional("proxy-url") { proxy.report("proxies are not spoken to") }
        if server.isSecure, access.authority == nil {
            url.report(
                "the server's authority is not named, and that of the machine is not asked",
                hint: "add certificate-authority or certificate-authority-data to this cluster")
        }
        if !server.isSecure, !server.isLoopback {
            url.report("without TLS only servers on this machine are asked", hint: "use https")
        }
        return access
    }

    private static func take(_ user: NodeCursor, _ folder: String, _ access: inout ClusterAccess) {
        if let file = user.optional("tokenFile") {
            access.token = file.string().map { .file(absolute($0, folder)) }
        } else if let token = user.optional("token") {
            access.token = token.string().map { .inline(Array($0.utf8)) }
        }
        let certificate = secret("client-certificate", of: user, folder)
        let key = secret("client-key", of: user, folder)
        switch (certificate, key) {
        case (let certificate?, let key?):
            access.identity = ClusterAccess.Identity(certificate: certificate, key: key)
        case (nil, nil): break
        default: user.report("client-certificate and client-key go together; one of them is missing")
        }
        for name in ["exec", "auth-provider", "username", "password"] {
            guard let found = user.optional(name) else { continue }
            found.report(
                "not supported: secd starts no programs for credentials, and API servers know no passwords",
                hint: "use a token file or a client certificate")
        }
        if !access.server.isSecure, access.identity != nil || access.token != nil {
            user.report("credentials are not sent without TLS", hint: "use https")
        }
    }

    /// `NAME-data` in base64, else the path `NAME`.
    private static func secret(_ name: String, of cursor: NodeCursor, _ folder: String) -> Secret? {
        if let data = cursor.optional(name + "-data") {
            guard let text = data.string() else { return nil }
            guard let bytes = Data(base64Encoded: text), !bytes.isEmpty else {
                data.report("expected base64, found something else")
                return nil
            }
            return .inline(Array(bytes))
        }
        return cursor.optional(name)?.string().map { .file(absolute($0, folder)) }
    }

    private static func absolute(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : folder + "/" + path
    }
}

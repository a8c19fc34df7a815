import Foundation

/// An image with busybox and nothing else, built here: nothing is pulled.
enum BoxImage {
    static let busybox = "/bin/busybox"
    static let name = "localhost/secdbox:1"
    /// The same layer, with a program that only waits: what holds a pod's namespaces.
    static let pause = "localhost/secdpause:1"
    /// What `pause` runs.
    static let pauseArguments = ["sleep", "3600"]

    /// Makes its only layer, `layer.tar`.
    static func layer(in folder: Folder) throws -> String {
        try Run.shell(
            """
            cd \(folder.path) && mkdir -p box/bin box/proc box/dev box/etc box/tmp && cp \(busybox) box/bin/ &&
            ln -sf busybox box/bin/sh && echo secret > box/secret && tar -C box -cf layer.tar .
            """)
        return folder / "layer.tar"
    }

    /// Both images as `docker save` writes them.
    static func archive(in folder: Folder) throws -> String {
        let layer = try layer(in: folder)
        let digest = String(try Run.shell("sha256sum \(layer)").output.prefix { $0 != " " })
        _ = try folder.write("box.json", configuration(["sleep", "60"], layer: digest))
        _ = try folder.write("pause.json", configuration(pauseArguments, layer: digest))
        let images = [("box.json", name), ("pause.json", pause)].map { file, name in
            #"{"Config":"\#(file)","RepoTags":["\#(name)"],"Layers":["layer.tar"]}"#
        }
        _ = try folder.write("manifest.json", "[\(images.joined(separator: ","))]")
        try Run.shell("cd \(folder.path) && tar -cf image.tar manifest.json box.json pause.json layer.tar")
        return folder / "image.tar"
    }

    /// - Parameter arguments: of busybox, when nothing else is asked for.
    private static func configuration(_ arguments: [String], layer digest: String) -> String {
        let command = (["/bin/busybox"] + arguments).map { "\"\($0)\"" }.joined(separator: ",")
        return """
            {"architecture":"\(architecture)","os":"linux","config":{"Cmd":[\(command)],"Env":["PATH=/bin"]},
            "rootfs":{"type":"layers","diff_ids":["sha256:\(digest)"]}}
            """
    }

    /// As images call it.
    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}

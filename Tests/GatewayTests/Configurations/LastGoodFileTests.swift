import Foundation
import Gateway
import TestSupport
import Testing

@Suite("The last good configuration on disk")
struct LastGoodFileTests {
    private let files: TemporaryDirectory
    private let file: LastGoodFile

    init() throws {
        files = try TemporaryDirectory("last-good")
        file = LastGoodFile(directory: files.file("state/of/this"), namespace: "ns")
    }

    @Test("what is saved is loaded, whatever was there before; only its owner may read it")
    func saved() throws {
        #expect(try file.load() == nil)
        for revision in 1...2 {
            let text = "# revision \(revision)\nroutes: []\n\n"
            try file.save(revision: revision, text: text)
            let loaded = try #require(try file.load())
            #expect(loaded.revision == revision && loaded.text == text)
        }
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.file("state/of/this")) == ["ns.yaml"])
    }

    @Test("a file that was edited, cut off or is something else is not used")
    func damaged() throws {
        try file.save(revision: 1, text: "routes: [a, b, c]\n")
        let content = try String(contentsOfFile: file.path, encoding: .utf8)
        for other in [content + "x", String(content.dropLast(3)), "routes: []\n", "", String(content.prefix(30))] {
            try Data(other.utf8).write(to: URL(fileURLWithPath: file.path))
            #expect(throws: (any Error).self, "\(other)") { try file.load() }
        }
    }

    @Test("a disk that does not take it is told of")
    func unwritable() throws {
        let blocked = LastGoodFile(directory: try files.write("file", "") + "/below", namespace: "ns")
        #expect(throws: (any Error).self) { try blocked.save(revision: 1, text: "") }
    }

    @Test("its directory is what the environment says, the most particular first")
    func directory() {
        #expect(LastGoodFile.directory(["HOME": "/home/a"]) == "/home/a/.local/state/sluice")
        #expect(LastGoodFile.directory(["HOME": "/home/a", "XDG_STATE_HOME": "/x"]) == "/x/sluice")
        #expect(
            LastGoodFile.directory(["XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/var/lib/sluice:/b"])
                == "/var/lib/sluice")
        #expect(LastGoodFile.directory(["STATE_DIRECTORY": "/v", "SLUICE_STATE_DIR": "/s"]) == "/s")
    }
}

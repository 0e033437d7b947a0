/// Scripts on limits that commands run by themselves.
package enum LimitScripts {
    /// Gives tokens back; its file says how it is called.
    package static var grant: [UInt8] { PackageResources.grant_lua }
}

@testable import Credentials

/// Keys for tests. Those of RFC 7515 are public knowledge; none of them protects anything.
enum TestKeys {
    /// The shared secret of RFC 7515 appendix A.1.
    static let secret: [UInt8] = {
        let text = bytes("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        return text.withUnsafeBytes { Base64URL.decode($0) } ?? []
    }()

    /// The public key of RFC 7515 appendix A.2.
    static let rsaPublic = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
        NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
        P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
        9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
        EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
        FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
        oQIDAQAB
        -----END PUBLIC KEY-----
        """)

    /// The private key of RFC 7515 appendix A.2.
    static let rsaPrivate = bytes(
        """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
        jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
        aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
        juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
        ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
        toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
        VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
        PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
        O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
        kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
        XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
        4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
        pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
        0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
        lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
        kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
        rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
        kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
        5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
        9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
        evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
        yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
        OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
        tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
        ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
        03k2+ZQwVK0JKSHuLFkuQ3U=
        -----END PRIVATE KEY-----
        """)

    /// The public key of RFC 7515 appendix A.3.
    static let p256Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
        6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
        -----END PUBLIC KEY-----
        """)

    /// The private key of RFC 7515 appendix A.3.
    static let p256Private = bytes(
        """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
        H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
        7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
        -----END PRIVATE KEY-----
        """)

    /// The same in its older form, as `openssl ecparam -genkey` writes it.
    static let p256PrivateSEC1 = bytes(
        """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
        AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
        focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
        -----END EC PRIVATE KEY-----
        """)

    /// A certificate of the same key.
    static let p256Certificate = bytes(
        """
        -----BEGIN CERTIFICATE-----
        MIIBFzCBv6ADAgECAgEBMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC2lkcC5leGFt
        cGxlMB4XDTI0MDEwMTAwMDAwMFoXDTM0MDEwMTAwMDAwMFowFjEUMBIGA1UEAwwL
        aWRwLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR/zc4ncPbEXUGD
        y+5v20t7WAczNXvp7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpG
        IyiFiOWtMAoGCCqGSM49BAMCA0cAMEQCIEPz6KEB1flgmYTaaKJESQNm+DdcKFtM
        2GFXgbC+Ta0EAiBr4E3YJEoEY3b32+vSWG02sCs/UlPZYa3a1HrNqNmxOw==
        -----END CERTIFICATE-----
        """)

    /// Too short for RS256.
    static let rsa1024Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDrg//ZXrRSCMP03v9C0UpIX4fd
        oLbDUHvGCBxr89rRqHIlPwZu6ZHF249C7jHGtPm8DEvfWl0IIgtLLsmihz28Fm4W
        8hbe9XcVtgKT57SHVUBxt6FX2nhN9QX6Y+9DEF7Z5xZyDUV7OHx4/puHFM2yn4w1
        LJPnGOLE1COyG3IK5QIDAQAB
        -----END PUBLIC KEY-----
        """)

    /// Of no supported curve.
    static let secp256k1Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE00MwiyF7CiJqByl9GxVmvoY6S4egfJZ5
        f5aGXO8WNMKjoIgGkoJerVNhnZ68MF/bVr7J8Z4lTrnEcLRUClP0jA==
        -----END PUBLIC KEY-----
        """)

    static let x25519Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VuAyEAK0T4ArZ67RBZQAFAIahQetScEx9pdZhDkJNz0sM68Bs=
        -----END PUBLIC KEY-----
        """)

    static let p384Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEBc0GIXLxqQv39AObXlIgLcL8usdofXB6
        frBwVZxjWom3SABHk/c2W1sHgogjSBYna/s8KfMVVlmw+1x8Rg31Rj70NTpkfRPK
        I8symQMLR7zNlwZH23QBv9YuYhBQryqn
        -----END PUBLIC KEY-----
        """)

    /// Of no supported type.
    static let ed25519Public = bytes(
        """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAxOkaGxt2CJ6Q+tWmRPC9QI9hm6Ksw49lElEJOC7gOcQ=
        -----END PUBLIC KEY-----
        """)

    /// The form without an algorithm identifier.
    static let rsaPKCS1Public = bytes(
        """
        -----BEGIN RSA PUBLIC KEY-----
        MIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W2
        6mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMs
        D1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5
        z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv
        b3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2et
        hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB
        -----END RSA PUBLIC KEY-----
        """)

    /// Protected by a passphrase.
    static let encryptedPrivate = bytes(
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAR5ABdu6pQZcopvKjz
        K8DqAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ9ZdW9ZxSa977yD0v
        OdLCagSBkM9sS30u30Y4JYCEq3SE0rFta//TCntv14xSUuxicSD1y822tTzo0klG
        7xB6Xj96SrI3iS/WckLRpsRMs8SNeIV1/S5QwOHKVtrGx3vmzoxEn9jbwsDJHzXS
        KrosB87DgvBkuKe8W/GIu6wGT+t2teqOuJf/9ycq+jS4w9UUFfZTkpUZCL2rdr7z
        WWQUTPoCRA==
        -----END ENCRYPTED PRIVATE KEY-----
        """)
}

func bytes(_ text: String) -> [UInt8] {
    Array(text.utf8)
}

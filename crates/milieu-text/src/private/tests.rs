use super::PrivateKind::*;
use super::*;
use proptest::prelude::*;

fn check(text: &str, expected: &[(PrivateKind, &str)]) {
    let characters: Vec<char> = text.chars().collect();
    let found: Vec<(PrivateKind, String)> = private_data(text)
        .iter()
        .map(|found| (found.kind, characters[found.start..found.end].iter().collect()))
        .collect();
    let found: Vec<(PrivateKind, &str)> = found.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn addresses_of_mail() {
    for (text, expected) in [
        ("write to ann.lee+news@mail.example.co.uk.", "ann.lee+news@mail.example.co.uk"),
        ("邮箱是ann@example.com谢谢", "ann@example.com"),
        ("（ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ）", "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("mailto:o'neil@example.org?subject=x", "o'neil@example.org"),
        ("'josé@exämple.de'", "josé@exämple.de"),
        ("13812345678@139.com", "13812345678@139.com"),
        ("<a_b@x-y.io>, ok", "a_b@x-y.io"),
        ("me@example.com.Then more", "me@example.com.Then"),
    ] {
        check(text, &[(Email, expected)]);
    }
    for text in
        ["@ann", "ann@", "a@b", "icon@2x.png", "pkg@1.2.3", "@ann@example.social", "meet @ 5.pm", "a.@b.com"]
    {
        check(text, &[]);
    }
}

#[test]
fn numbers_of_phones() {
    for (text, expected) in [
        ("call +44 20 7946 0958 now", "+44 20 7946 0958"),
        ("+44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
        ("+1 (212) 555-0123", "+1 (212) 555-0123"),
        ("＋１２１２５５５０１２３", "＋１２１２５５５０１２３"),
        ("tel:+4930123456.", "+4930123456"),
        ("(212) 555-0123", "(212) 555-0123"),
        ("212-555-0123", "212-555-0123"),
        ("my cell is 212.555.0123", "212.555.0123"),
        ("212 555 0123", "212 555 0123"),
        ("1-212-555-0123", "1-212-555-0123"),
        ("call me at 2125550123", "2125550123"),
        ("我的手机号是13812345678谢谢", "13812345678"),
        ("138 1234 5678", "138 1234 5678"),
        ("138-1234-5678", "138-1234-5678"),
        ("１３８１２３４５６７８", "１３８１２３４５６７８"),
        ("+86 138 1234 5678", "+86 138 1234 5678"),
        ("0086 13812345678", "0086 13812345678"),
        ("8613812345678", "8613812345678"),
        ("订单 20 件，电话13812345678", "13812345678"),
        ("010-12345678", "010-12345678"),
        ("（０１０）６２３４５６７８", "（０１０）６２３４５６７８"),
        ("0755-8888 8888", "0755-8888 8888"),
        ("٠٠٨٦ ١٣٨١٢٣٤٥٦٧٨", "٠٠٨٦ ١٣٨١٢٣٤٥٦٧٨"),
    ] {
        check(text, &[(Phone, expected)]);
    }
    check("13812345678,13912345678", &[(Phone, "13812345678"), (Phone, "13912345678")]);
}

#[test]
fn numbers_of_cards() {
    for text in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555555555554444",
        "3782 822463 10005",
        "30569309025904",
        "6011111111111117",
        "3530111333300000",
        "6222020001112223332",
        "４１１１　１１１１　１１１１　１１１１",
    ] {
        check(text, &[(Card, text)]);
    }
    check("card 4111 1111 1111 1111 12/26", &[(Card, "4111 1111 1111 1111")]);
    for text in [
        "4111111111111112",
        "4111 1111-1111 1111",
        "9111111111111111",
        "41111111111111111",
        "x4111111111111111",
        "4006381330060",
        "https://shop.example/item/4111111111111111",
    ] {
        check(text, &[]);
    }
}

#[test]
fn numbers_of_residents_and_of_social_security() {
    for text in [
        "11010519491231002X",
        "11010519491231002x",
        "110105 19491231 002X",
        "110105-1949-1231-002X",
        "１１０１０５１９４９１２３１００２Ｘ",
    ] {
        check(text, &[(ResidentId, text)]);
    }
    check("440306199202290016", &[(ResidentId, "440306199202290016")]);
    check("身份证11010519491231002X。", &[(ResidentId, "11010519491231002X")]);
    for text in ["123-45-6789", "123 45 6789"] {
        check(text, &[(SocialSecurity, text)]);
    }
    check("ssn: 123456789", &[(SocialSecurity, "123456789")]);
    for text in [
        "110105194912310021",
        "11010519491331002X",
        "310101198013320013",
        "440306199002290011",
        "990101198001010014",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "078-05-1120",
        "123456789",
        "10 100 20 3000 40",
    ] {
        check(text, &[]);
    }
}

#[test]
fn numbers_of_accounts() {
    for text in [
        "GB82 WEST 1234 5698 7654 32",
        "GB82WEST12345698765432",
        "de89 3704 0044 0532 0130 00",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "ＧＢ８２ＷＥＳＴ１２３４５６９８７６５４３２",
    ] {
        check(text, &[(Iban, text)]);
    }
    check("IBAN:GB82 WEST 1234 5698 7654 32 thanks", &[(Iban, "GB82 WEST 1234 5698 7654 32")]);
    for text in [
        "GB82 WEST 1234 5698 7654 33",
        "XX82WEST12345698765432",
        "GB82WEST123456987654321",
        "AGB82WEST12345698765432",
    ] {
        check(text, &[]);
    }
}

#[test]
fn addresses_of_machines() {
    for (text, expected) in [
        ("from 203.0.113.7.", "203.0.113.7"),
        ("http://192.168.1.10:8080/x", "192.168.1.10"),
        ("IP：１０．０．０．１", "１０．０．０．１"),
        ("dns 8.8.8.8", "8.8.8.8"),
        ("http://8.8.8.8/", "8.8.8.8"),
        ("2001:db8::1", "2001:db8::1"),
        ("at fe80::1.", "fe80::1"),
        ("ip:2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
        ("[::ffff:203.0.113.7]", "::ffff:203.0.113.7"),
    ] {
        check(text, &[(IpAddress, expected)]);
    }
    for text in [
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "::",
        "256.1.1.1",
        "买的时候是1.8.8.8",
        "1.2.3",
        "1.2.3.4.5",
        "v1.2.3.4",
        "version 1.2.3.4",
        "01.2.3.4",
        "std::string",
        "dead::beef",
        "12:30:45",
        "00:1a:2b:3c:4d:5e",
        "00:11:22:33:44:55:66:77",
        "a::b",
    ] {
        check(text, &[]);
    }
}

#[test]
fn what_is_not_private() {
    for text in [
        "",
        "$1,234,567.89",
        "it costs $2125550123",
        "总共13800000000元",
        "共 138 0000 0000 万",
        "2024-11-27 12:30:45",
        "27.11.2024",
        "11/27/2024",
        "2024-11-27T12:30:45.123456Z",
        "1732665600000",
        "1732665600",
        "order 13812345678",
        "Order no. 212-555-0123",
        "订单号：13812345678",
        "快递单号 15012345678",
        "#13812345678",
        "3.14159265358979",
        "200 300 4000",
        "+20 000 000 people",
        "+100 points",
        "1+12125550123",
        "978-3-16-148410-0",
        "ISBN 9783161484100",
        "2125550123",
        "911-555-0123 and 212-911-0123 and 112-555-0123",
        "https://example.com/13812345678",
        "2^64 = 18446744073709551616",
        "3 - 1 = 2, 10-20-30",
        "12812345678",
        "138123456789",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
    ] {
        check(text, &[]);
    }
}

#[test]
fn the_more_telling_kind_is_found_once() {
    check(
        "Ann, ann@example.com or 138-1234-5678 from 10.0.0.1, card 4111 1111 1111 1111",
        &[
            (Email, "ann@example.com"),
            (Phone, "138-1234-5678"),
            (IpAddress, "10.0.0.1"),
            (Card, "4111 1111 1111 1111"),
        ],
    );
    check("4111111111111111@example.com", &[(Email, "4111111111111111@example.com")]);
}

#[test]
fn places_count_characters_as_written() {
    let found = private_data("👍🏽电话：＋８６１３８１２３４５６７８。");
    assert_eq!(found, [Found { kind: Phone, start: 5, end: 19 }]);
}

#[test]
fn what_is_found_is_replaced() {
    for (text, expected) in [
        ("", ""),
        ("nothing", "nothing"),
        ("我是ann@example.com，手机13812345678！", "我是[EMAIL]，手机[PHONE]！"),
        ("13812345678,13912345678", "[PHONE],[PHONE]"),
    ] {
        assert_eq!(redacted(text, &private_data(text)), expected);
    }
    let of = |start, end| Found { kind: Phone, start, end };
    for (found, expected) in [
        (vec![of(2, 3), of(0, 1)], "[PHONE]é[PHONE]d"),
        (vec![of(0, 2), of(2, 4)], "[PHONE][PHONE]"),
        (vec![of(0, 2), of(1, 3)], "[PHONE]cd"),
        (vec![of(3, 9), of(2, 2), of(3, 1)], "aécd"),
        (vec![of(1, 9), of(2, 3)], "aé[PHONE]d"),
    ] {
        assert_eq!(redacted("aécd", &found), expected, "{found:?}");
    }
}

#[test]
fn every_kind_has_a_name() {
    let names: Vec<String> =
        PrivateKind::ALL.iter().map(|kind| format!("[{}]", kind.name().to_uppercase())).collect();
    let written: Vec<&str> = PrivateKind::ALL.iter().map(|kind| kind.placeholder()).collect();
    assert_eq!(names, written);
}

#[test]
fn a_mebibyte_of_anything_is_read() {
    for part in ["a", "1", "@", " ", ":", "1 ", "a@", "(2", "13812345678 ", "1.1.1.10 "] {
        let text = part.repeat((1 << 20) / part.len());
        let found = private_data(&text);
        assert!(redacted(&text, &found).len() <= text.len() * 2, "{part}");
    }
}

proptest! {
    #[test]
    fn spans_are_of_the_text_and_apart(text in any::<String>(), near in "[0-9a-fx@.:+()１ \\-,GBDE号]{0,80}") {
        for text in [text, near] {
            let found = private_data(&text);
            let mut behind = 0;
            for found in &found {
                prop_assert!(behind <= found.start && found.start < found.end);
                behind = found.end;
            }
            prop_assert!(behind <= text.chars().count());
            let redacted = redacted(&text, &found);
            prop_assert_eq!(found.is_empty(), redacted == text);
        }
    }

    #[test]
    fn a_mobile_number_is_found_between_any_words(before in "[\\p{Han}，。 ]{0,9}", number in "1[3-9][0-9]{9}", after in "[\\p{Han}，。]{0,9}") {
        prop_assume!(!"元块円万亿号单型货条编".chars().any(|c| before.contains(c) || after.contains(c)));
        let text = format!("{before}{number}{after}");
        let start = before.chars().count();
        prop_assert_eq!(private_data(&text), [Found { kind: Phone, start, end: start + 11 }]);
    }
}

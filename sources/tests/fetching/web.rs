//! Pages of a server.

use crate::{
    made::{docx, pdf},
    pack::Pack,
    server::{Page, Server},
};

const FEES: &str = "<title>Fees</title><nav><a href='/hours'>Hours</a></nav><script>x()</script><h1>Fees</h1><p>Two euros.</p>";
const HOURS: &str = "<title>Hours</title><p>From nine to five. <a href='/start'>Back</a> <a href='http://evil.test/x'>x</a></p>";
const START: &str = "<title>Start</title><p>Welcome. <a href='/fees#top'>Fees</a> <a href='hours'>Hours</a> <a href='/private/staff'>Staff</a></p>";

#[tokio::test]
async fn a_page_becomes_a_document() {
    let server = Server::new().await;
    server.show("/fees", Page::Tagged("\"1\"", FEES));
    let pack = Pack::new(&server.list("/fees", "credibility = 0.7"));
    let told = pack.fetch().await;
    told.is(&["added shop.test/fees"]);
    let text = pack.document("site.md");
    let address = format!("address = \"http://shop.test:{}/fees\"", server.port);
    for part in [
        "title = \"Fees\"",
        "credibility = 0.7",
        "date = \"2026-02-03\"",
        &address,
        "+++\n\n# Fees\n\nTwo euros.\n",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn a_page_is_asked_for_again_when_its_days_are_over_and_sent_again_only_when_it_changed() {
    let server = Server::new().await;
    server.show("/fees", Page::Tagged("\"1\"", FEES));
    let list = server.list("/fees", "freshness_policy = { ttl_days = 7 }");
    let mut pack = Pack::new(&list);
    pack.fetch().await.is(&["added shop.test/fees"]);
    assert_eq!(server.asked(), ["/fees"]);
    pack.day = 6;
    pack.fetch().await.is(&["fresh shop.test/fees"]);
    assert!(server.asked().is_empty());
    pack.day = 8;
    let before = pack.document("site.md");
    pack.fetch().await.is(&["unchanged shop.test/fees"]);
    assert_eq!(server.asked(), ["/fees"]);
    assert_eq!(pack.document("site.md"), before);
    // Found unchanged, it is fresh again.
    pack.day = 14;
    pack.fetch().await.is(&["fresh shop.test/fees"]);
    pack.all = true;
    pack.fetch().await.is(&["unchanged shop.test/fees"]);
    pack.all = false;
    pack.day = 30;
    server.show("/fees", Page::Tagged("\"2\"", "<p>Three euros.</p>"));
    pack.fetch().await.is(&["changed shop.test/fees"]);
    assert!(pack.document("site.md").ends_with("Three euros.\n"));
    // A document that somebody removed is fetched whole.
    std::fs::remove_file(pack.folder.join("documents/fetched/site.md")).unwrap();
    pack.fetch().await.is(&["added shop.test/fees"]);
}

#[tokio::test]
async fn the_policy_is_obeyed() {
    let server = Server::new().await;
    // Without a tag the hash says that nothing changed.
    server.show("/fees", Page::Plain(FEES));
    for (policy, told, asked) in [
        ("recrawl = \"never\", ttl_days = 0", "fresh", 0),
        ("recrawl = \"always\", ttl_days = 99", "unchanged", 1),
        ("recrawl = \"changed\", ttl_days = 0", "unchanged", 1),
        ("recrawl = \"changed\", ttl_days = 1", "fresh", 0),
    ] {
        let pack = Pack::new(&server.list("/fees", &format!("freshness_policy = {{ {policy} }}")));
        pack.fetch().await.is(&["added shop.test/fees"]);
        server.asked();
        pack.fetch().await.is(&[&format!("{told} shop.test/fees")]);
        assert_eq!(server.asked().len(), asked, "{policy}");
    }
}

#[tokio::test]
async fn links_are_followed_within_the_list_the_number_and_what_the_server_asks_for() {
    let server = Server::new().await;
    server.show("/start", Page::Plain(START));
    server.show("/fees", Page::Plain(FEES));
    server.show("/hours", Page::Plain(HOURS));
    server.show("/private/staff", Page::Plain("<p>Not for callers.</p>"));
    server.show(
        "/robots.txt",
        Page::Typed(
            "text/plain",
            b"User-agent: *\nDisallow: /private/\n".to_vec(),
        ),
    );
    let pack = Pack::new(&server.list("/start", "pages = 10"));
    pack.fetch().await.is(&[
        "added shop.test/start",
        "added shop.test/fees",
        "added shop.test/hours",
        "left out shop.test/private/staff: the server's robots.txt asks not to read it",
    ]);
    assert_eq!(server.asked(), ["/start", "/fees", "/hours"]);
    assert_eq!(
        pack.documents(),
        ["site--fees.md", "site--hours.md", "site--start.md"]
    );

    // Fewer pages: the others' documents go.
    pack.list(&server.list("/start", "pages = 2"));
    let told = pack.fetch().await;
    assert_eq!(
        (told.report.changed, told.report.removed),
        (2, 1),
        "{told:?}"
    );
    pack.list(&server.list("/start", "pages = 10\npath_prefix = \"/h\""));
    pack.fetch().await;
    assert_eq!(pack.documents(), ["site--hours.md", "site--start.md"]);
}

#[tokio::test]
async fn while_a_server_does_not_say_what_may_be_read_nothing_is() {
    let server = Server::new().await;
    server.show("/robots.txt", Page::Status(503));
    server.show("/fees", Page::Plain(FEES));
    let pack = Pack::new(&server.list("/fees", ""));
    pack.fetch()
        .await
        .is(&["left out shop.test/fees: the server's robots.txt asks not to read it"]);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn what_leads_to_this_network_is_refused() {
    let server = Server::new().await;
    server.show("/fees", Page::Plain(FEES));
    let refused = "left out shop.test/fees: shop.test has the address 127.0.0.1, which is not public: its name must be allowed first";
    let pack = Pack::new(&server.list("/fees", ""));
    pack.fetch_from(&[]).await.unwrap().is(&[refused]);
    assert!(server.asked().is_empty());

    for (to, reason) in [
        (
            "http://evil.test:PORT/fees",
            "evil.test has the address 127.0.0.1",
        ),
        (
            "http://127.0.0.1:PORT/fees",
            "127.0.0.1 has the address 127.0.0.1",
        ),
        ("http://[::1]:PORT/fees", "[::1] has the address ::1"),
        (
            "http://other.test:PORT/fees",
            "other.test is not on the list of hosts",
        ),
        ("/there", "there were too many"),
    ] {
        server.show("/there", Page::Redirect(to));
        let hosts = "hosts = [\"shop.test\", \"evil.test\", \"127.0.0.1\", \"[::1]\"]";
        let pack = Pack::new(&server.list("/there", hosts));
        let told = pack.fetch().await;
        assert_eq!(
            (told.report.added, told.report.left_out),
            (0, 1),
            "{to}: {told:?}"
        );
        assert!(told.lines[0].contains(reason), "{to}: {told:?}");
        assert!(!server.asked().contains(&"/fees".to_owned()), "{to}");
    }
}

#[tokio::test]
async fn pages_that_are_too_large_too_slow_or_of_no_kind_are_named_and_the_rest_goes_in() {
    let server = Server::new().await;
    server.show("/endless", Page::Endless);
    server.show("/slow", Page::Slow);
    server.show("/picture", Page::Typed("image/png", vec![1, 2, 3]));
    server.show("/broken", Page::Status(500));
    server.show(
        "/a.pdf",
        Page::Typed("application/pdf", pdf(&[&[(10, 700, "Two euros.")]])),
    );
    server.show(
        "/b",
        Page::Typed("application/octet-stream", b"nothing".to_vec()),
    );
    server.show(
        "/c.docx",
        Page::Typed(
            "application/octet-stream",
            docx("<w:p><w:r><w:t>Be kind</w:t></w:r></w:p>"),
        ),
    );
    server.show(
        "/bad.pdf",
        Page::Typed("application/pdf", b"%PDF-1.7 no".to_vec()),
    );
    server.show("/moved", Page::Redirect("/fees"));
    server.show("/fees", Page::Plain(FEES));
    let links = "<p>All: <a href=endless>1</a> <a href=slow>2</a> <a href=picture>3</a> <a href=broken>4</a> <a href=a.pdf>5</a> <a href=b>6</a> \
        <a href=c.docx>7</a> <a href=bad.pdf>8</a> <a href=missing>9</a> <a href=moved>10</a>, and that is all that there is.</p>";
    server.show("/", Page::Plain(links));
    let pack = Pack::new(&server.list("/", "pages = 50"));
    let told = pack.fetch().await;
    assert_eq!(
        (told.report.added, told.report.left_out),
        (4, 8),
        "{told:?}"
    );
    for line in [
        "left out shop.test/endless: the answer has more than 200000 bytes",
        "left out shop.test/slow: no whole answer within 2.0 s",
        "left out shop.test/picture: it is of a kind that is not read (\"image/png\")",
        "left out shop.test/broken: the server answered 500 Internal Server Error",
        "left out shop.test/missing: the server answered 404 Not Found",
        "added shop.test/a.pdf",
        "added shop.test/c.docx",
        "added shop.test/moved",
    ] {
        assert!(
            told.lines.iter().any(|told| told == line),
            "{line}: {told:?}"
        );
    }
    assert!(pack.document("site--c.md").ends_with("Be kind.\n"));
}

#[tokio::test]
async fn of_a_page_that_failed_the_last_state_stays_and_one_that_is_gone_goes() {
    let server = Server::new().await;
    server.show("/fees", Page::Plain(FEES));
    let mut pack = Pack::new(&server.list("/fees", ""));
    pack.all = true;
    pack.fetch().await;
    for failing in [
        Page::Status(500),
        Page::Endless,
        Page::Plain("<nav>Menu</nav>"),
        Page::Redirect("http://evil.test:PORT/"),
    ] {
        server.show("/fees", failing);
        let told = pack.fetch().await;
        assert_eq!(
            (told.report.left_out, told.report.removed),
            (1, 0),
            "{told:?}"
        );
        assert_eq!(pack.documents(), ["site.md"]);
    }
    server.show("/fees", Page::Status(410));
    let told = pack.fetch().await;
    told.is(&[
        "left out shop.test/fees: the server answered 410 Gone",
        "removed shop.test/fees",
    ]);
    assert!(pack.documents().is_empty());
}

#[tokio::test]
async fn a_page_under_two_addresses_is_one_document() {
    let server = Server::new().await;
    let page = "<p>Text. <a href='/start?x=1'>again</a></p>";
    server.show("/start", Page::Plain(page));
    server.show("/start?x=1", Page::Plain(page));
    let mut pack = Pack::new(&server.list("/start", "pages = 5"));
    let same = "same shop.test/start?x=1 shop.test/start";
    pack.fetch().await.is(&["added shop.test/start", same]);
    pack.fetch().await.is(&["fresh shop.test/start", same]);
    server.show("/start?x=1", Page::Plain("<p>Other.</p>"));
    let told = pack.fetch().await;
    told.is(&["fresh shop.test/start", "added shop.test/start?x=1"]);
    server.show("/start?x=1", Page::Plain(page));
    pack.all = true;
    let told = pack.fetch().await;
    told.is(&[
        "unchanged shop.test/start",
        same,
        "removed shop.test/start?x=1",
    ]);
    assert_eq!(pack.documents(), ["site--start.md"]);
}

#[tokio::test]
async fn a_page_that_nobody_links_to_any_more_goes_even_while_others_fail() {
    let server = Server::new().await;
    server.show("/start", Page::Plain(START));
    server.show("/fees", Page::Plain(FEES));
    server.show("/hours", Page::Plain(HOURS));
    server.show("/private/staff", Page::Status(500));
    let mut pack = Pack::new(&server.list("/start", "pages = 10"));
    pack.all = true;
    pack.fetch().await;
    assert_eq!(pack.documents().len(), 3);
    // The page of fees links to the hours still; failing, it is taken as it was.
    server.show("/fees", Page::Status(500));
    server.show(
        "/start",
        Page::Plain("<p>Welcome. <a href='/fees'>Fees</a> <a href='/private/staff'>Staff</a></p>"),
    );
    pack.fetch().await;
    assert_eq!(pack.documents().len(), 3);
    server.show("/fees", Page::Plain("<p>Three euros.</p>"));
    let told = pack.fetch().await;
    assert_eq!(
        (told.report.removed, told.report.left_out),
        (1, 1),
        "{told:?}"
    );
    // Without its first page nothing else is known to be gone.
    server.show("/start", Page::Status(404));
    let told = pack.fetch().await;
    assert_eq!(
        (told.report.removed, told.report.left_out),
        (1, 1),
        "{told:?}"
    );
    assert_eq!(pack.documents(), ["site--fees.md"]);
}

//! `evict dead-letters` and `evict rejected` with many messages, with one bad message, and with two of one name.
//! Service Bus runs without a function, so that messages that are put back stay where they can be counted.

use std::time::Duration;

use sandbox::az::Az;
use sandbox::bus::{RestSurface, Right};
use sandbox::functions::{Broker, BrokerOptions, Message, QueuedMessage};
use serde_json::{Value, json};

use crate::support::operator_shell::{Answer, Shell};

/// The latency of a distant Service Bus.
const FAR: Duration = Duration::from_millis(70);

pub(crate) struct Scene {
    pub(crate) shell: Shell,
    broker: Broker,
    pub(crate) bus: RestSurface,
}

impl Scene {
    pub(crate) async fn open(options: BrokerOptions) -> Self {
        let shell = Shell::signed_out().await;
        let broker = Broker::new(options, shell.tenant.clock().clone());
        let bus = RestSurface::start(broker.clone(), shell.tenant.issuer(), 0)
            .await
            .unwrap();
        shell.az(&Az::SignedInTo {
            tokens: vec![(
                "https://servicebus.azure.net/.default".to_owned(),
                bus.token(&[Right::Send, Right::Listen]),
            )],
            tenant: shell.tenant.tenant_id(),
            expires_on: shell.tenant.clock().now().as_second() + 75 * 60,
        });
        Self { shell, broker, bus }
    }

    pub(crate) fn reject(&self, id: &str, body: impl Into<Vec<u8>>) {
        self.put(Message {
            message_id: Some(id.to_owned()),
            ..Message::of(body)
        });
    }

    fn put(&self, message: Message) {
        self.broker.send("evict-rejected", message).unwrap();
    }

    async fn rejected(&self, arguments: &[&str]) -> Answer {
        let endpoint = self.bus.endpoint();
        let arguments = [&["rejected"], arguments, &["--namespace", &endpoint]].concat();
        self.shell.evict(&arguments).await
    }

    pub(crate) fn left(&self) -> Vec<QueuedMessage> {
        let state = self.broker.queue("evict-rejected");
        assert_eq!(state.locked, [], "everything is given back");
        [state.active, state.dead_lettered].concat()
    }

    pub(crate) fn put_back(&self) -> Vec<QueuedMessage> {
        self.broker.queue("evict").active
    }
}

pub(crate) fn readable() -> String {
    json!({"user": "alice@contoso.com"}).to_string()
}

/// A thousand messages behind a slow network are listed, shown, replayed and dropped to the last one, with their locks
/// renewed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_letters_far_away_are_dealt_with_to_the_last_one() {
    let scene = Scene::open(BrokerOptions {
        lock_duration: Duration::from_mins(5),
        max_delivery_count: 2000,
        ..BrokerOptions::default()
    })
    .await;
    // The lock is said to last twelve seconds, which is less than it takes to replay so many.
    scene
        .bus
        .say_that_locks_end_early(Duration::from_mins(5) - Duration::from_secs(12));
    for number in 0..1000 {
        let body = if number % 200 == 7 {
            r#"{"users": 5}"#.to_owned()
        } else {
            readable()
        };
        scene.reject(&format!("r-{number:03}"), body);
    }
    scene.bus.slow_down(FAR);

    let list = scene.rejected(&["list", "--json"]).await;
    assert_eq!((list.code, list.errors.as_str()), (0, ""));
    let document: Value = serde_json::from_str(&list.output).unwrap();
    assert_eq!(document["complete"], true);
    assert_eq!(document["messages"].as_array().unwrap().len(), 1000);
    // In the order of their numbers, whichever answer came first.
    let ids: Vec<&str> = document["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["messageId"].as_str().unwrap())
        .collect();
    assert!(ids.is_sorted());

    let show = scene.rejected(&["show", "r-999"]).await;
    assert_eq!(show.code, 0, "{}", show.errors);
    assert!(show.output.starts_with("r-999\n"), "{}", show.output);

    let replay = scene.rejected(&["replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 1);
    assert!(replay.output.ends_with("995 of 1000 replayed.\n"));
    assert_eq!(replay.errors.matches("was not replayed").count(), 5);
    assert_eq!(scene.put_back().len(), 995);
    assert_eq!(scene.left().len(), 5);
    // A message whose turn never comes is renewed as long as it is held: it is one that is not replayed.
    let renewed = |call: &&String| call.starts_with("POST /evict-rejected/messages/r-207/");
    assert!(scene.bus.calls().iter().filter(renewed).count() > 1);

    for number in 0..995 {
        scene.reject(&format!("d-{number:03}"), readable());
    }
    let drop = scene.rejected(&["drop", "--all", "--yes"]).await;
    assert_eq!((drop.code, drop.errors.as_str()), (0, ""));
    assert_eq!(drop.output.lines().count(), 1000);
    assert_eq!(scene.left(), []);
}

#[tokio::test]
async fn a_letter_that_is_too_large_keeps_nobody_behind_it() {
    let scene = Scene::open(BrokerOptions::default()).await;
    let body = |size: usize| {
        let frame = json!({"user": "alice@contoso.com", "reason": ""}).to_string();
        json!({"user": "alice@contoso.com", "reason": "x".repeat(size - frame.len())}).to_string()
    };
    let limit = sandbox::functions::LARGEST_MESSAGE_BYTES;
    // One fits without the note of its origin, and one would not fit even so, once it has one more property.
    scene.reject("fits-bare", body(limit - 20));
    scene.reject("behind", readable());
    let replay = scene.rejected(&["replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 0, "{}{}", replay.output, replay.errors);
    assert!(
        replay
            .output
            .contains("without the note of why it was given up")
    );
    assert_eq!(scene.put_back().len(), 2);

    scene.reject("too-large", readable());
    scene.bus.answer_to("POST /evict/messages", 413, 2);
    let replay = scene.rejected(&["replay", "too-large"]).await;
    assert_eq!(replay.code, 65, "{}", replay.errors);
    assert!(
        replay.errors.contains("the message is too large"),
        "{}",
        replay.errors
    );
    assert_eq!(scene.left().len(), 1);
}

#[tokio::test]
async fn a_letter_that_fails_keeps_nobody_behind_it() {
    let scene = Scene::open(BrokerOptions::default()).await;
    for id in ["before", "bad", "behind"] {
        scene.reject(id, readable());
    }
    scene
        .bus
        .answer_to("POST /evict-rejected/messages/bad/", 404, 1);
    let replay = scene.rejected(&["replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 1);
    assert!(
        replay
            .errors
            .starts_with("evict: bad was not replayed: renewing a lock"),
        "{}",
        replay.errors
    );
    assert!(replay.output.ends_with("2 of 3 replayed.\n"));
    assert_eq!(scene.put_back().len(), 2);
    scene.reject("behind", readable());
    scene
        .bus
        .answer_to("DELETE /evict-rejected/messages/bad/", 503, 1);
    let dropped = scene.rejected(&["drop", "--all", "--yes"]).await;
    assert_eq!(dropped.code, 1);
    assert_eq!(dropped.output, "Dropped behind from evict-rejected.\n");
    assert!(dropped.errors.starts_with("evict: bad was not dropped: "));
    assert_eq!(scene.left()[0].message_id(), "bad");
}

#[tokio::test]
async fn what_fails_for_all_ends_it_and_says_how_many_are_left() {
    let scene = Scene::open(BrokerOptions::default()).await;
    for number in 0..100 {
        scene.reject(&format!("r-{number}"), readable());
    }
    scene.bus.answer_to("POST /evict/messages", 401, usize::MAX);
    let replay = scene.rejected(&["replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 77, "{}", replay.errors);
    assert!(
        replay.output.ends_with("0 of 100 replayed.\n"),
        "{}",
        replay.output
    );
    let failed = replay.errors.matches("was not replayed").count();
    let left = 100 - failed;
    assert!(
        replay.errors.contains(&format!(
            "{left} messages were not dealt with, since {failed} failed before."
        )),
        "{}",
        replay.errors
    );
    assert_eq!(scene.left().len(), 100);
    let sent = |call: &String| *call == "POST /evict/messages";
    assert!(scene.bus.calls().iter().filter(|call| sent(call)).count() <= 32);
}

#[tokio::test]
async fn a_reading_that_breaks_off_says_so_and_does_nothing_by_halves() {
    let scene = Scene::open(BrokerOptions::default()).await;
    for number in 0..20 {
        scene.reject(&format!("r-{number}"), readable());
    }
    scene.bus.answer_after(8, 401);
    let list = scene.rejected(&["list", "--json"]).await;
    assert_eq!(list.code, 77, "{}", list.errors);
    let document: Value = serde_json::from_str(&list.output).unwrap();
    assert_eq!(document["complete"], false);
    assert!(!document["messages"].as_array().unwrap().is_empty());
    assert!(
        list.errors
            .contains("there may be more, for then it broke off: reading the queue")
    );
    scene.bus.answer_after(8, 401);
    let replay = scene.rejected(&["replay", "--all", "--yes"]).await;
    assert_eq!(replay.code, 77);
    assert!(
        replay.errors.contains("nothing was replayed: "),
        "{}",
        replay.errors
    );
    assert_eq!(scene.left().len(), 20);
    assert_eq!(scene.put_back(), []);
}

#[tokio::test]
async fn a_name_that_fits_several_is_refused_and_a_number_is_one_messages_alone() {
    let scene = Scene::open(BrokerOptions::default()).await;
    scene.reject("INC-1", readable());
    scene.reject("INC-1", r#"{"user": "bob.stone@contoso.com"}"#);
    scene.reject("1", readable());
    for arguments in [
        &["replay", "INC-1"][..],
        &["drop", "INC-1", "1", "--yes"],
        &["show", "INC-1"],
    ] {
        let refused = scene.rejected(arguments).await;
        assert_eq!(refused.code, 64, "{}", refused.errors);
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.errors, @"
            evict: INC-1 fits 2 messages, so nothing was done: #1 in evict-rejected, #2 in evict-rejected
              Next: `evict rejected show --number N` shows each; name the one that is meant by its number.
            ");
        }
    }
    assert_eq!(scene.left().len(), 3);
    // The message with the id 1 is the third one.
    let dropped = scene.rejected(&["drop", "1", "--yes"]).await;
    assert_eq!(
        (dropped.code, dropped.output.as_str()),
        (0, "Dropped 1 from evict-rejected.\n")
    );
    let again = scene.rejected(&["drop", "1", "--yes"]).await;
    insta::assert_snapshot!(again.errors, @"
    evict: there is no message 1, among the 2 that could be looked at. The message with the number 1 is `--number 1`.
      Next: `evict rejected list` names what is there; what somebody else has locked shows again within minutes.
    ");
    let replayed = scene.rejected(&["replay", "--number", "2"]).await;
    assert_eq!(replayed.code, 0, "{}", replayed.errors);
    assert!(scene.put_back()[0].text().unwrap().contains("bob.stone"));
    let left = scene.left();
    assert_eq!((left.len(), left[0].sequence_number), (1, 1));
}

#[tokio::test]
async fn a_replay_carries_what_can_be_carried_and_says_first_what_is_lost() {
    let scene = Scene::open(BrokerOptions::default()).await;
    let mut properties = serde_json::Map::new();
    for (name, value) in [
        ("priority", json!(5)),
        ("urgent", json!(true)),
        ("deadletterqueue", json!("mine")),
        ("Team", json!("night shift")),
        ("Date", json!("today")),
    ] {
        properties.insert(name.to_owned(), value);
    }
    scene.put(Message {
        subject: Some("storm".to_owned()),
        to: Some("the function".to_owned()),
        reply_to: Some("evict-answers".to_owned()),
        correlation_id: Some("case 9".to_owned()),
        content_type: Some("application/json".to_owned()),
        time_to_live: Some(Duration::from_mins(90)),
        application_properties: properties,
        ..Message::of(readable())
    });
    let show = scene.rejected(&["show", "#1"]).await;
    assert!(
        show.output.contains("a replay    loses the properties date, for HTTP has headers of these names; capital letters"),
        "{}",
        show.output
    );
    let replay = scene.rejected(&["replay", "#1"]).await;
    assert_eq!(replay.code, 0, "{}", replay.errors);
    assert!(
        replay
            .errors
            .contains(": a replay loses the properties date, for HTTP has headers of these names"),
        "{}",
        replay.errors
    );
    let copy = &scene.put_back()[0];
    let message = &copy.message;
    assert_eq!(message.subject.as_deref(), Some("storm"));
    assert_eq!(message.to.as_deref(), Some("the function"));
    assert_eq!(message.reply_to.as_deref(), Some("evict-answers"));
    assert_eq!(message.correlation_id.as_deref(), Some("case 9"));
    assert_eq!(message.content_type.as_deref(), Some("application/json"));
    assert_eq!(message.time_to_live, Some(Duration::from_mins(90)));
    let kept = &message.application_properties;
    assert_eq!(
        (&kept["priority"], &kept["urgent"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(
        (&kept["deadletterqueue"], &kept["team"]),
        (&json!("mine"), &json!("night shift"))
    );
    assert_eq!(kept["evict-replayed-from"], "evict-rejected");
}

#[tokio::test]
async fn a_list_says_how_many_looks_are_left() {
    let scene = Scene::open(BrokerOptions {
        max_delivery_count: 3,
        ..BrokerOptions::default()
    })
    .await;
    scene.reject("INC-1", readable());
    let mut left = Vec::new();
    for _ in 0..4 {
        let list = scene
            .rejected(&["list", "--json", "--max-deliveries", "3"])
            .await;
        let document: Value = serde_json::from_str(&list.output).unwrap();
        left.push(document["messages"][0]["looksLeft"].clone());
    }
    // After the last look it is in the dead letters, where its delivery count ends nothing.
    assert_eq!(left, [json!(2), json!(1), json!(0), Value::Null]);
}

#[tokio::test]
async fn all_is_replayed_only_where_somebody_says_yes() {
    let scene = Scene::open(BrokerOptions::default()).await;
    scene.reject("INC-1", readable());
    let refused = scene.rejected(&["replay", "--all"]).await;
    assert_eq!(refused.code, 64);
    insta::assert_snapshot!(refused.errors, @"
    evict: nothing was replayed: all that is there would be, and nobody is at a terminal to be asked
      Next: see what it is with `evict rejected list`, then repeat this command with --yes, or name messages.
    ");
    assert_eq!(scene.bus.calls(), Vec::<String>::new());
}

import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type DemoMail, loadMail } from "./api.ts";

const EVERY = 3_000;

/** The mailboxes of the demo's customers, which do not exist anywhere else. Shown once there is something in them. */
export function Mailbox(): VNode | null {
  const [mails, setMails] = useState<readonly DemoMail[]>([]);
  useEffect(() => {
    const look = (): void => {
      if (document.hidden) return;
      loadMail().then(
        (found) => setMails(found.mails),
        () => undefined,
      );
    };
    look();
    const timer = setInterval(look, EVERY);
    return () => clearInterval(timer);
  }, []);
  if (mails.length === 0) return null;
  return (
    <section class="mailbox" aria-labelledby="mailbox-title" data-testid="mailbox">
      <h2 id="mailbox-title">Demo mailbox</h2>
      <p>
        What Baton mailed to the customers of this demo. In your shop it goes out by your mail
        server.
      </p>
      <ul aria-live="polite">
        {mails.slice(0, 3).map((mail) => (
          <li key={mail.subject + mail.text}>
            <strong>{mail.subject}</strong>
            <span>to {mail.to}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

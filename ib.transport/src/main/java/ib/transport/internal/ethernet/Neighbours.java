// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is on the link, bounded. An answer is trusted for a minute; then the neighbour is asked
 * again, while frames go on to the address that it had. Three questions, a second apart, without an
 * answer, and it is forgotten with what waits for it (RFC 826, RFC 4861). Agent thread only.
 *
 * <p>There is no way to tell who lies about his address; but whoever makes up many of them pushes
 * nobody out who is talked to: first go those that only asked for us, then those that have not
 * answered, then those that were used least lately.
 */
final class Neighbours {
  static final int MOST = 256;
  static final int MOST_QUESTIONS = 3;
  static final long QUESTION_NS = 1_000_000_000L;
  static final long TRUST_NS = 60_000_000_000L;

  /** What to do about a neighbour. */
  interface Actions {
    /** Asks for its hardware address: whoever has the address, or (to make sure) it alone. */
    void ask(Neighbour neighbour);

    /** Its hardware address is known, or has changed: what waits for it can go. */
    void resolved(Neighbour neighbour);

    /** It does not answer: what waits for it is lost. */
    void lost(Neighbour neighbour);
  }

  private final Actions actions;
  private final List<Neighbour> known = new ArrayList<>(MOST);
  private @Nullable Neighbour last;
  private long earliestNs = Long.MAX_VALUE;

  Neighbours(Actions actions) {
    this.actions = actions;
  }

  /** The neighbour with this address, for a frame to it; asks for it when that is due. */
  Neighbour use(long high, long low, long nowNs) {
    Neighbour neighbour = last;
    if (neighbour == null || !neighbour.is(high, low)) {
      neighbour = find(high, low);
      if (neighbour == null) {
        neighbour = add(high, low, nowNs);
      }
      last = neighbour;
    }
    neighbour.usedNs = nowNs;
    neighbour.used = true;
    boolean sure = neighbour.mac != 0 && nowNs - neighbour.confirmedNs < TRUST_NS;
    if (!sure && neighbour.dueNs == Long.MAX_VALUE) {
      ask(neighbour, nowNs);
    }
    return neighbour;
  }

  private @Nullable Neighbour find(long high, long low) {
    for (Neighbour neighbour : known) {
      if (neighbour.is(high, low)) {
        return neighbour;
      }
    }
    return null;
  }

  private Neighbour add(long high, long low, long nowNs) {
    if (known.size() == MOST) {
      forget(leastWorth(nowNs));
    }
    Neighbour neighbour = new Neighbour(high, low);
    neighbour.usedNs = nowNs;
    known.add(neighbour);
    return neighbour;
  }

  private Neighbour leastWorth(long nowNs) {
    Neighbour least = known.getFirst();
    for (Neighbour neighbour : known) {
      int worth = Integer.compare(worth(neighbour), worth(least));
      if (worth < 0 || (worth == 0 && nowNs - neighbour.usedNs > nowNs - least.usedNs)) {
        least = neighbour;
      }
    }
    return least;
  }

  private static int worth(Neighbour neighbour) {
    return !neighbour.used ? 0 : neighbour.mac == 0 ? 1 : 2;
  }

  private void forget(Neighbour neighbour) {
    known.remove(neighbour);
    last = null;
    actions.lost(neighbour);
  }

  private void ask(Neighbour neighbour, long nowNs) {
    neighbour.asked++;
    neighbour.dueNs = nowNs + QUESTION_NS;
    earliestNs = Math.min(earliestNs, neighbour.dueNs);
    actions.ask(neighbour);
  }

  /**
   * A host told its hardware address.
   *
   * @param wanted whether to note it also if nobody asked, as far as there is room: it is about to
   *     talk to us
   * @param override whether it is to take the place of another address; if not, one that is known
   *     stays and is asked about when it is used next (RFC 4861, 7.2.5)
   */
  void heard(long high, long low, long mac, boolean wanted, boolean override, long nowNs) {
    Neighbour neighbour = find(high, low);
    if (neighbour == null) {
      if (!wanted || (known.size() == MOST && leastWorth(nowNs).used)) {
        return;
      }
      neighbour = add(high, low, nowNs);
    }
    if (!override && neighbour.mac != 0 && neighbour.mac != mac) {
      neighbour.confirmedNs = nowNs - TRUST_NS;
      return;
    }
    neighbour.mac = mac;
    neighbour.confirmedNs = nowNs;
    neighbour.asked = 0;
    neighbour.dueNs = Long.MAX_VALUE;
    actions.resolved(neighbour);
  }

  /** Asks again, or gives up, where that is due. */
  void onTurn(long nowNs) {
    if (nowNs - earliestNs < 0 || earliestNs == Long.MAX_VALUE) {
      return;
    }
    earliestNs = Long.MAX_VALUE;
    for (Neighbour neighbour : List.copyOf(known)) {
      if (neighbour.dueNs == Long.MAX_VALUE) {
        continue;
      }
      if (nowNs - neighbour.dueNs < 0) {
        earliestNs = Math.min(earliestNs, neighbour.dueNs);
      } else if (neighbour.asked < MOST_QUESTIONS) {
        ask(neighbour, nowNs);
      } else {
        forget(neighbour);
      }
    }
  }

  /** When the next turn is due, or {@link Long#MAX_VALUE}. */
  long nextDeadlineNs() {
    return earliestNs;
  }

  int size() {
    return known.size();
  }
}

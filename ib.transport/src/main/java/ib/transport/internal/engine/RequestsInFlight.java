// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/**
 * What a requester has on its way, by the windows that count it: packets of requests toward the
 * peer, and packets of answers toward us.
 */
final class RequestsInFlight {
  private final RcQp qp;
  private final Window answers;
  private final ReadsInFlight reads = new ReadsInFlight();

  /** Of the peer, from RTS on; before, nothing is in flight. */
  private Window requests;

  private int requestPackets;
  private int answerPackets;

  RequestsInFlight(RcQp qp) {
    this.qp = qp;
    answers = qp.core.reads;
    requests = answers;
  }

  /** Nothing is in flight: from now on toward this peer. */
  void use(Window peerWindow) {
    requests = peerWindow;
  }

  // Packets of requests.

  /** Whether one more may go; if not, the queue pair gets a turn when there may be room. */
  boolean admitsRequest() {
    boolean admits = requests.admits(1, requestPackets);
    if (!admits) {
      requests.await(qp);
    }
    return admits;
  }

  /** Whether one that goes now is the last that may. */
  boolean isLastAdmitted() {
    return !requests.admits(2, 1);
  }

  void addRequest() {
    requests.take(1);
    requestPackets++;
  }

  void requestsDone(int packets) {
    requestPackets -= packets;
    requests.give(packets);
  }

  // Packets of answers.

  /** Whether so many answer packets may be asked for; else as {@link #admitsRequest}. */
  boolean admitsAnswers(int packets) {
    if (reads.count() >= qp.attributes.maxRdAtomic()) {
      return false;
    }
    boolean admits = answers.admits(packets, answerPackets);
    if (!admits) {
      answers.await(qp);
    }
    return admits;
  }

  /**
   * So many were asked for with one request.
   *
   * @param endPsn after the last of them
   */
  void addAnswers(int packets, int endPsn) {
    answers.take(packets);
    answerPackets += packets;
    reads.add(endPsn);
  }

  void answersDone(int packets) {
    answerPackets -= packets;
    answers.give(packets);
  }

  /** All answers before a PSN are here. */
  void answeredBefore(int psn) {
    reads.doneBefore(psn);
  }

  /** Nothing is on its way any more: it is sent again, or never. */
  void clear() {
    requests.give(requestPackets);
    requestPackets = 0;
    answers.give(answerPackets);
    answerPackets = 0;
    reads.clear();
  }
}

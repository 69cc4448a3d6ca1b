// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.CmSidrRep;
import ib.verbs.DatagramRequest;
import ib.verbs.QpAttributes;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SidrStatus;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;

/** A request for a datagram service as its listener sees it. */
final class CmDatagramRequest implements DatagramRequest {
  private static final int MAX_DATA = CmSidrRep.PRIVATE_DATA.length();

  private final PortConnectionManager manager;
  private final SidrExchange exchange;
  private final InetSocketAddress remoteAddress;
  private final byte[] privateData;
  private final AtomicBoolean answered = new AtomicBoolean();

  CmDatagramRequest(
      PortConnectionManager manager,
      SidrExchange exchange,
      InetSocketAddress remoteAddress,
      byte[] privateData) {
    this.manager = manager;
    this.exchange = exchange;
    this.remoteAddress = remoteAddress;
    this.privateData = privateData;
  }

  @Override
  public InetSocketAddress remoteAddress() {
    return remoteAddress;
  }

  @Override
  public long serviceId() {
    return exchange.serviceId;
  }

  @Override
  public byte[] privateData() {
    return privateData.clone();
  }

  @Override
  public void accept(QueuePair qp, byte[] data) throws RdmaException {
    if (qp.type() != QpType.UD) {
      throw new RdmaException(
          qp.label() + " is of type " + qp.type() + "; accept with a queue pair of type UD");
    }
    if (data.length > MAX_DATA) {
      throw new RdmaException(tooLong(data));
    }
    QpAttributes attributes = qp.query();
    if (!attributes.has(QpAttributes.QKEY)) {
      throw new RdmaException(
          qp.label() + " is in " + qp.state() + " and has no Q_Key; move it to INIT first");
    }
    takeAnswer();
    manager.answer(exchange, SidrStatus.VALID, qp.qpn(), attributes.qkey(), data.clone());
  }

  @Override
  public void reject(int status, byte[] data) {
    if (status == SidrStatus.VALID || (status & ~0xFF) != 0) {
      throw new IllegalArgumentException("status " + status + "; reject with one of 1 to 255");
    }
    if (data.length > MAX_DATA) {
      throw new IllegalArgumentException(tooLong(data));
    }
    takeAnswer();
    manager.answer(exchange, status, 0, 0, data.clone());
  }

  private static String tooLong(byte[] data) {
    return data.length + " bytes of private data: an answer carries " + MAX_DATA;
  }

  private void takeAnswer() {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException(this + " was answered already");
    }
  }

  @Override
  public String toString() {
    return "datagram request of " + remoteAddress;
  }
}

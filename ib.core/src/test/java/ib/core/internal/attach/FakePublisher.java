// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A service registry with one well-behaved user: it binds all there is and lets go when told. */
final class FakePublisher implements Publisher {
  static final String USER = "ib.ulp.fake";

  final List<Publication> offered = new CopyOnWriteArrayList<>();

  /** What happened: "+" generation when offered, "-" generation when taken back. */
  final List<String> events = new CopyOnWriteArrayList<>();

  final ConcurrentMap<Publication, Handle> handles = new ConcurrentHashMap<>();

  /** What the user does before it lets go. */
  volatile Consumer<Handle> drain = handle -> {};

  @Override
  public Runnable publish(Publication publication) {
    events.add("+" + publication.generation());
    offered.add(publication);
    handles.put(publication, publication.acquire(USER));
    return () -> {
      Handle handle = handles.remove(publication);
      drain.accept(handle);
      publication.release(handle);
      offered.remove(publication);
      events.add("-" + publication.generation());
    };
  }

  Handle handle() {
    return handles.get(offered.getLast());
  }
}

// SPDX-License-Identifier: Apache-2.0
/** RoCEv2 packets, transport state machines, and the port. */
@Export
@Version("1.0.0")
@NullMarked
package ib.transport;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;

// Tells one shopper's story with each client for Node: node node.cjs URL KEY.
// The shopper is named like the client; NODE_PATH says where the clients are.
const { Analytics } = require('@segment/analytics-node');
const RudderAnalytics = require('@rudderstack/rudder-sdk-node');
const { PostHog } = require('posthog-node');
const { jitsuAnalytics } = require('@jitsu/js');

const [host, writeKey] = process.argv.slice(2);
const email = (user) => ({ email: `${user}@example.com` });
const order = (user) => ({ order_id: `order-${user}`, total: 12.5, currency: 'EUR', products: [{ product_id: 'p1', price: 12.5, quantity: 1 }] });
const review = (user) => ({ review_id: `review-${user}`, product_id: 'p1', rating: '2', review_body: 'broke at once' });
const survey = { survey_id: 'after-order', question_id: 'q1', kind: 'nps', score: 9, text: 'great' };

// A Segment client and RudderStack's share their calls.
function story(client, userId) {
  const anonymousId = `anonymous-${userId}`;
  client.track({ anonymousId, event: 'Product Viewed', properties: { product_id: 'p1' } });
  client.identify({ userId, traits: email(userId) });
  client.track({ userId, event: 'Order Completed', properties: order(userId) });
  client.track({ userId, event: 'Survey Answered', properties: survey });
  client.track({ userId, event: 'Product Reviewed', properties: review(userId) });
  client.page({ userId, name: 'Home' });
  client.screen({ userId, name: 'Cart' });
  client.group({ userId, groupId: 'g1', traits: { name: 'Acme' } });
  client.alias({ userId, previousId: anonymousId });
}

async function segment() {
  const client = new Analytics({ writeKey, host });
  client.on('error', fail);
  story(client, 'segment');
  await client.closeAndFlush({ timeout: 10000 });
}

async function rudder() {
  const client = new RudderAnalytics(writeKey, { dataPlaneUrl: host, logLevel: 'error' });
  story(client, 'rudder');
  await client.flush();
}

async function posthog() {
  const client = new PostHog(writeKey, { host });
  client.on('error', fail);
  const distinctId = 'posthog', anonymous = `anonymous-${distinctId}`;
  client.capture({ distinctId: anonymous, event: 'Product Viewed', properties: { product_id: 'p1', $process_person_profile: false } });
  client.identify({ distinctId, properties: email(distinctId) });
  client.capture({ distinctId, event: 'Order Completed', properties: order(distinctId) });
  client.capture({ distinctId, event: 'survey sent', properties: { $survey_id: 's1', $survey_response: 'great' } });
  client.capture({ distinctId, event: 'Product Reviewed', properties: review(distinctId) });
  client.capture({ distinctId, event: '$pageview', properties: { $current_url: 'https://shop.example/', title: 'Home' } });
  client.capture({ distinctId, event: '$screen', properties: { $screen_name: 'Cart' } });
  client.groupIdentify({ groupType: 'company', groupKey: 'g1', properties: { name: 'Acme' }, distinctId });
  client.alias({ distinctId, alias: anonymous });
  await client.shutdown();
}

// Jitsu's client is one visitor's: it keeps the anonymous id itself.
async function jitsu() {
  const client = jitsuAnalytics({ host, writeKey: `dhvani:${writeKey}` });
  const user = 'jitsu';
  await client.setAnonymousId(`anonymous-${user}`);
  await client.track('Product Viewed', { product_id: 'p1' });
  await client.identify(user, email(user));
  await client.track('Order Completed', order(user));
  await client.track('Survey Answered', survey);
  await client.track('Product Reviewed', review(user));
  await client.page({ name: 'Home', url: 'https://shop.example/' });
  await client.track('Cart Viewed', {});
  await client.group('g1', { name: 'Acme' });
}

function fail(err) {
  console.error(err);
  process.exit(1);
}

Promise.all([segment(), rudder(), posthog(), jitsu()]).then(() => process.exit(0), fail);

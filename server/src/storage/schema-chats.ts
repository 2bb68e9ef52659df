/** The tables of chats as kysely sees them. */

interface ChatTable {
  id: string;
  user_id: string;
  title: string | null;
  title_key: string;
  head_id: string | null;
  connection_id: string | null;
  /** JSON object. */
  settings: string;
  created_at: number;
  updated_at: number;
}

interface ChatMessageTable {
  id: string;
  chat_id: string;
  parent_id: string | null;
  role: 'user' | 'assistant';
  content: string;
  content_key: string | null;
  reasoning: string | null;
  state: 'complete' | 'streaming' | 'stopped' | 'interrupted' | 'failed';
  failure: string | null;
  connection_id: string | null;
  connection_name: string | null;
  provider: string | null;
  model: string | null;
  model_reported: string | null;
  request_id: string | null;
  /** JSON object. */
  facts: string | null;
  created_at: number;
  seen_at: number;
}

export interface ChatSchema {
  chats: ChatTable;
  chat_messages: ChatMessageTable;
}

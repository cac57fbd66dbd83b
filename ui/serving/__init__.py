"""The server: who may reach it, and how other programs ask (Gradio's API, MCP, the OpenAI format)."""
